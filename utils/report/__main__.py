"""Make a run's report anew, scored or not.

python -m utils.report                # of the experiment, $AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME
python -m utils.report RUN_FOLDER     # of another run
"""

import sys
from pathlib import Path

from utils.errors import InputError, Parser, entry_point
from utils.grader.environment import read_environment
from utils.report import write_report
from utils.run.folder import read_run_config
from utils.run.trained_images import load_run_data


@entry_point
def main(arguments=None):
    parser = Parser(prog="python -m utils.report", description=__doc__)
    parser.add_argument("run_folder", nargs="?", type=Path, help="default: the experiment's")
    environment = read_environment()
    folder = parser.parse_args(arguments).run_folder or environment.run_folder
    config = read_run_config(folder)
    if config is None:
        raise InputError(f"{folder}: holds no config.json; expected the folder of a run of train.py")
    data = load_run_data(folder, config, environment.data_root)
    try:
        print(write_report(folder, data))
    except OSError as error:
        raise InputError(f"report of {folder}: {error.strerror or error}") from None


if __name__ == "__main__":
    sys.exit(main())
