"""The report's HTML, section by section; every picture, style and number is in the one file."""

import base64
import io
from html import escape
from pathlib import Path

import numpy as np

from utils.data.registry import names
from utils.durations import clock
from utils.report import charts, pictures
from utils.report.maps import map_table, maps, num_scored_latents, scores_table
from utils.training.objectives import ACTIVE_KL, OBJECTIVES

MARK = '<meta name="generator" content="disentanglement challenge kit">'
CURVES = {  # columns of log.csv that are shown, and what they are
    "reconstruction": "Reconstruction loss (nats)",
    "kl": "KL term (nats)",
    "tc": "Total correlation term (nats)",
    "dip": "DIP term",
    "discriminator_accuracy": "Discriminator's accuracy",
    "active_latents": f"Active latents (KL > {ACTIVE_KL} nats)",
    "steps_per_second": "Steps per second",
}
MPI3D = tuple(name for name in names() if name.startswith("mpi3d"))  # the data sets that the paper's scores are of


def page(contents):
    """The whole page, of what a run left: `contents` (utils.report.gather.Contents)."""
    model = OBJECTIVES[contents.config["objective"]].title if contents.config else "Encoder"
    title = f"{model} on {contents.dataset}"
    style = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    sections = [make(contents) for make in (_scores, _curves, _reconstructions, _traversals, _maps, _facts)]
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">{MARK}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: {escape(contents.subject)}</title>"
        f"<style>\n{style}{_strip_styles(contents)}</style></head>\n"
        f'<body><main><h1>{escape(title)}</h1><p class="lead">{escape(_summary(contents))}</p>\n'
        + "\n".join(section for section in sections if section)
        + "\n</main></body></html>\n"
    )


def _summary(contents):
    parts = [contents.subject]
    if contents.log:
        parts += [f"{int(contents.log['step'][-1]):,} steps"]
    if "seconds" in contents.log:  # the user may have removed the column
        parts[-1] += f" in {clock(contents.log['seconds'][-1])}"
    if contents.config:
        parts += [f"{contents.config['latent_dim']} latents", f"batch {contents.config['batch_size']}"]
    return " · ".join([*parts, f"{contents.num_images:,} images"])


def _section(title, *parts):
    return f"<section><h2>{title}</h2>\n" + "\n".join(parts) + "</section>"


def _scores(contents):
    if not contents.results:
        return _section("Scores", "<p>This encoder has not been scored; local_evaluation.py does that.</p>")
    return _section("Scores", scores_table(contents.results, contents.dataset in MPI3D))


def _curves(contents):
    steps = contents.log.get("step")
    drawn = {
        title: charts.curve(steps, contents.log[name], title) for name, title in CURVES.items() if name in contents.log
    }
    figures = [f"<figure><figcaption>{title}</figcaption>{svg}</figure>" for title, svg in drawn.items() if svg]
    if not figures:
        return _section("Training", "<p>There is no log.csv of this encoder's training.</p>")
    note = f"Over the training steps. The first {charts.EARLY:.0%} may leave the frame."
    return _section("Training", f"<p>{note}</p>", f'<div class="grid">{"".join(figures)}</div>')


def _reconstructions(contents):
    if contents.view is None:
        return ""
    pairs = zip(contents.view.images, contents.view.reconstructions)
    images = [f'<img alt="image above its reconstruction" src="{_data_uri(_stacked(*pair))}">' for pair in pairs]
    return _section(
        "Reconstructions", "<p>Images above what comes back.</p>", f'<div class="pairs">{"".join(images)}</div>'
    )


def _traversals(contents):
    if contents.view is None:
        return _section(
            "Traversals", "<p>No checkpoint here fits this encoder and these images: no decoder to show.</p>"
        )
    active = int((contents.view.kl > ACTIVE_KL).sum())
    captions = [_caption(contents, latent) for latent in contents.view.latents]
    text = (
        "One image is decoded again and again with one latent moved from −2 to +2 standard deviations of the prior. "
        f"Latents by falling KL; {len(captions)} of {len(contents.view.kl)} are shown; {active} are active."
    )
    moving = [_strip(number, caption) for number, caption in enumerate(captions)]
    rows = [_strip(number, caption, before=True) for number, caption in enumerate(captions)]
    ends = '<figure><span></span><div class="ends note"><span>−2</span><span>0</span><span>+2</span></div></figure>'
    return _section(
        "Traversals",
        f"<p>{text}</p>",
        f'<div class="moving">{"".join(moving)}</div>',
        '<h3 class="later">Step by step</h3>',
        f'<div class="scroll"><div class="rows">{ends}{"".join(rows)}</div></div>',
    )


def _maps(contents):
    if not contents.results or not contents.factor_names:
        return ""
    count = num_scored_latents(contents.results)
    latents = contents.view.latents if contents.view is not None else np.arange(count)[: pictures.MOST_LATENTS]
    latents = [latent for latent in latents if latent < count]
    figures = [
        f'<figure><h3>{one.title}</h3><p class="note">{one.reading}</p>'
        f'<div class="scroll">{map_table(one, latents, contents.factor_names)}</div></figure>'
        for one in maps(contents.results, len(contents.factor_names))
    ]
    order = ", in the order above" if contents.view is not None else ""
    note = f"Rows are latents{order} ({len(latents)} of {count}); columns are factors. "
    note += "A solid frame marks what decides a score, a dashed one what it is compared with."
    return _section("What explains the scores", f"<p>{note}</p>", f'<div class="grid maps">{"".join(figures)}</div>')


def _facts(contents):
    times = {"training": clock(contents.log["seconds"][-1])} if "seconds" in contents.log else {}
    times.update({f"scoring: {name}": f"{result['elapsed_time']:.1f} s" for name, result in contents.results.items()})
    tables = {"Configuration": contents.config, "Versions and hardware": contents.machine, "Time": times}
    figures = [f"<figure><h3>{title}</h3>{_text_table(values)}</figure>" for title, values in tables.items() if values]
    return _section("How it was made", f'<div class="grid">{"".join(figures)}</div>')


def _text_table(values):
    rows = [f"<tr><th>{escape(str(key))}</th><td>{escape(str(value))}</td></tr>" for key, value in values.items()]
    return f'<table class="pairs-of-text">{"".join(rows)}</table>'


def _caption(contents, latent):
    caption = f"<b>latent {latent}</b><br>{contents.view.kl[latent]:.2f} nats"
    information = contents.results.get("mig", {}).get("mutual_information")
    if information is None or latent >= len(information) or not contents.factor_names:
        return caption
    factor = int(information[latent].argmax())
    name = f"<br>{escape(contents.factor_names[factor])}" if information[latent, factor] > ACTIVE_KL else ""
    return caption + name


def _strip(number, caption, before=False):
    strip = f'<div class="strip s{number}" role="img" aria-label="traversal"></div>'
    caption = f"<figcaption>{caption}</figcaption>"
    return f"<figure>{caption + strip if before else strip + caption}</figure>"


def _strip_styles(contents):
    """Each traversal once, as a background that the animation and the grid share."""
    if contents.view is None:
        return ""
    rules = [f":root{{--steps:{pictures.STEPS}}}"]
    for number, row in enumerate(contents.view.traversals):
        rules.append(f".s{number}{{background-image:url({_data_uri(np.concatenate(list(row), axis=1))})}}")
    return "\n".join(rules)


def _stacked(above, below):
    gap = np.full((4, *above.shape[1:]), 255, np.uint8)
    return np.concatenate([above, gap, below])


def _data_uri(pixels):
    """uint8 (height, width, channels) as a PNG that stands in the page itself."""
    buffer = io.BytesIO()
    pictures.enlarged(pixels, scale=1).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
