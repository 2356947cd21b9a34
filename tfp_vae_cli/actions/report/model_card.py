"""A card of a model, to put beside its file: what it is, what it was trained on, how good it is."""

from collections.abc import Sequence

_TEXT = """# {title}

A variational autoencoder of `tfp_vae`, measured by `tfp-vae evaluate`.

## What it is

{facts}

## What was measured

{measured}

{verdicts}

## What it is for

Draws that resemble its data, codes of rows, and scores of how unusual a row is, for rows like
those it was trained on. Of other rows nothing was measured. A draw may be near a row of the
training data: whether the model may be shared depends on whether the data may.

<!-- Who made it, for whom, from which data, under which licence: please write it here. -->

## How to use it

```python
import tfp_vae

vae = tfp_vae.load("{file}")
draws = vae.sample(10, seed=0)
```

The form follows Mitchell et al. (2019), "Model cards for model reporting".
"""


def model_card(
    title: str,
    file: str,
    facts: Sequence[tuple[str, str]],
    measured: Sequence[tuple[str, str]],
    verdicts: Sequence[str],
) -> str:
    """Returns a model card in Markdown.

    Args:
      title: The heading.
      file: The name of the model's file.
      facts: What the model and its training are, by name.
      measured: What was measured, by name.
      verdicts: Sentences on what it means.
    """
    return _TEXT.format(
        title=title,
        file=file,
        facts=_table(("property", "value"), facts),
        measured=_table(("measure", "value"), measured),
        verdicts="\n".join(f"- {verdict}" for verdict in verdicts),
    )


def _table(header: tuple[str, str], rows: Sequence[tuple[str, str]]) -> str:
    lines = [header, ("---", "---"), *rows]
    return "\n".join(f"| {_cell(name)} | {_cell(value)} |" for name, value in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
