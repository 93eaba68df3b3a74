"""Data sets from the command line.

    python -m utils.data list                                            # the names, and which files are there
    python -m utils.data show synthetic_arm --out sheet.png              # a picture: a row for each factor
    python -m utils.data fetch mpi3d_toy                                 # download it
    python -m utils.data render --factor-sizes 4,4,2,3,3,40,40 OUT.npz   # the embedded scene in MPI3D's form

Data sets lie under $DISENTANGLEMENT_LIB_DATA, or where --data says.
"""

from __future__ import annotations

import sys

from utils.data import load, names, refuse_among_pictures
from utils.data.arm.looks import LOOKS
from utils.data.registry import RENDERED, resolve
from utils.data.sets.synthetic_arm import DEFAULT_SIZES
from utils.data.storage.convert import without_unpacking
from utils.data.storage.places import exists
from utils.errors import InputError, Parser, entry_point
from utils.files import user_path, write_text
from utils.grader.environment import read_environment


@entry_point
def main(arguments=None):
    options = _parse(arguments)
    options.root = options.data or read_environment().data_root
    options.run(options)


@without_unpacking()
def _list(options):
    if exists(options.root) and not options.root.is_dir():
        raise InputError(f"{options.root}: expected the data sets' folder, found a file in its place")
    print(f"data sets under {options.root}:")
    for name in names():
        try:
            data = load(name, options.root, **({"render": False} if name in RENDERED else {}))
        except InputError as error:
            print(f"  {name:20} {error}")
            continue
        sizes = " x ".join(str(size) for size in data.factor_sizes)
        print(f"  {name:20} {len(data.images):,} images, {sizes} ({', '.join(data.factor_names)})")


def _show(options):
    from utils.data.contact_sheet import write_contact_sheet  # Pillow, which the other commands need not have

    if options.factor_sizes is not None and options.name not in LOOKS:
        raise InputError(f"--factor-sizes: expected with {', '.join(LOOKS)} alone, not with {options.name}")
    choice = {} if options.factor_sizes is None else {"factor_sizes": _sizes(options.factor_sizes)}
    if options.out.suffix.lower() != ".png":
        raise InputError(f"--out {options.out}: expected a file name that ends in .png")
    refuse_among_pictures(options.out, resolve(options.name, options.root), "--out")
    write_contact_sheet(load(options.name, options.root, **choice), options.out)
    print(f"contact sheet: {options.out}")


def _fetch(options):
    from utils.data.download.fetch import fetch  # requests takes a second to import

    terms = fetch(options.name, options.root)
    print(f"{options.name} is under {options.root}. {terms}.")


def _render(options):
    from utils.data.arm import renderer, scene

    path = options.out
    if path.suffix != ".npz":
        raise InputError(f"{path}: expected a file name that ends in .npz")
    if exists(path):
        raise InputError(f"{path} exists already; delete it or choose another name")
    if options.workers is not None and options.workers < 1:
        raise InputError(f"--workers {options.workers}: expected a number of at least 1")
    sizes = renderer.check_sizes(_sizes(options.factor_sizes))
    lines = "".join(f"  {name}: {size}\n" for name, size in zip(scene.FACTOR_NAMES, sizes))
    notes = _write_notes(path.with_suffix(".yml"), f"factors:\n{lines}")
    renderer.render(path, sizes, options.workers)
    print(f"{path}: {path.stat().st_size:,} bytes; {notes}: its factors")


def _write_notes(path, text):
    """Write `text` to `path`, before the images, which are worth little without it; InputError: other text there."""
    try:
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise InputError(f"{path} exists already; delete it or choose another name for the images")
        write_text(path, text)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None
    return path


def _sizes(text):
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise InputError(f"--factor-sizes {text!r}: expected whole numbers with commas, e.g. 4,4,2,3,3,40,40") from None


def _parse(arguments):
    parser = Parser(prog="python -m utils.data", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    common = Parser(add_help=False)
    common.add_argument("--data", type=user_path, metavar="FOLDER", help="the data sets' folder")
    listed = commands.add_parser("list", parents=[common], help="names and files")
    listed.set_defaults(run=_list)
    show = commands.add_parser("show", parents=[common], help="a contact sheet as PNG")
    show.add_argument("name", help="a data set's name, or a path to images")
    show.add_argument("--out", required=True, type=user_path, metavar="PNG")
    show.add_argument("--factor-sizes", help="the grid of the embedded scene")
    show.set_defaults(run=_show)
    fetch = commands.add_parser("fetch", parents=[common], help="download a data set")
    fetch.add_argument("name")
    fetch.set_defaults(run=_fetch)
    render = commands.add_parser("render", help="render the embedded scene, with a YAML file of its factors beside it")
    render.add_argument("out", type=user_path, metavar="OUT.npz")
    render.add_argument("--factor-sizes", default=",".join(map(str, DEFAULT_SIZES)))
    render.add_argument("--workers", type=int, help="threads; all cores by default")
    render.set_defaults(run=_render, data=None)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
