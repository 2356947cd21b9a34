"""The report of an audit: findings, the formula that was read, and what to write instead."""

import textwrap
from dataclasses import dataclass
from typing import Any

from tfp_vae.audit.findings import Finding

_WIDTH = 96
_MARKS = {"error": "ERROR", "warning": "WARNING", "info": "info"}


def _paragraph(text: str, indent: str) -> str:
    return "\n".join(
        textwrap.fill(
            line,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )


@dataclass(frozen=True)
class AuditReport:
    """What an audit found out about a loss.

    Attributes:
        findings: What was found, errors first.
        formula: What the loss was measured to compute; μ and s are the first and the second encoder
            output, x the data, d the decoder's output.
        not_checked: Checks that could not be made, and why.
        not_told: Questions that the measurement left open, because the loss is too noisy or fits
            nothing known.
        corrected_code: The right loss, and sampler, as lines of TensorFlow.
        distribution_code: The model of distribution objects that replaces both.

    Example:
        >>> report = tfp_vae.audit(lambda x, d, m, s: tf.reduce_sum(m**2))
        >>> report.ok, report.clean, report.exit_code
        (False, False, 1)
        >>> "kl-formula" in report.codes
        True
        >>> sorted(report.to_dict())[:3]
        ['codes', 'corrected_code', 'distribution_code']
    """

    findings: tuple[Finding, ...]
    formula: str
    not_checked: tuple[str, ...]
    not_told: tuple[str, ...]
    corrected_code: str
    distribution_code: str

    @property
    def ok(self) -> bool:
        """Whether there is no finding of severity "error"."""
        return all(finding.severity != "error" for finding in self.findings)

    @property
    def clean(self) -> bool:
        """Whether there is neither an error nor a warning, and no question was left open."""
        return all(finding.severity == "info" for finding in self.findings) and not self.not_told

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all findings."""
        return frozenset(finding.code for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """What a command should exit with, 0 if the report is clean and else 1."""
        return 0 if self.clean else 1

    def assert_ok(self) -> None:
        """Raises with the whole report unless the loss was read as a negative ELBO.

        Raises:
            AssertionError: If there is an error or a question was left open.

        Example:
            >>> tfp_vae.audit(lambda x, d, m, s: tf.reduce_sum(m**2)).assert_ok()
            Traceback (most recent call last):
                ...
            AssertionError: The loss is no negative ELBO...
        """
        if not self.ok or self.not_told:
            raise AssertionError(f"The loss is no negative ELBO.\n{self}")

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as a dict of JSON values."""
        return {
            "ok": self.ok,
            "codes": sorted(self.codes),
            "findings": [
                {
                    "code": finding.code,
                    "severity": finding.severity,
                    "title": finding.title,
                    "evidence": finding.evidence,
                    "fix": finding.fix,
                }
                for finding in self.findings
            ],
            "formula": self.formula,
            "not_checked": list(self.not_checked),
            "not_told": list(self.not_told),
            "corrected_code": self.corrected_code,
            "distribution_code": self.distribution_code,
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        lines = [self._verdict(), "", "The loss was measured to compute"]
        lines += [_paragraph(self.formula, "    ")]
        for finding in self.findings:
            lines += ["", f"{_MARKS[finding.severity]} {finding.code}"]
            lines += [_paragraph(f"{finding.title}.", "    ")]
            lines += [_paragraph(f"Measured: {finding.evidence}", "    ")]
            lines += [_paragraph(f"Fix: {finding.fix}", "    ")]
        if self.not_told:
            lines += ["", "Could not tell:", *(_paragraph(f"- {n}", "    ") for n in self.not_told)]
        if self.not_checked:
            lines += ["", "Not checked:", *(_paragraph(f"- {n}", "    ") for n in self.not_checked)]
        if not self.clean:
            lines += ["", "Corrected:", textwrap.indent(self.corrected_code, "    ")]
        lines += ["", "With distribution objects, where these mistakes cannot be written:"]
        lines += [textwrap.indent(self.distribution_code, "    ")]
        return lines

    def _verdict(self) -> str:
        errors = sum(finding.severity == "error" for finding in self.findings)
        if errors:
            return f"This loss has {errors} mistake{'s' if errors > 1 else ''}."
        if self.not_told:
            return "No mistake was found, but a question was left open."
        if not self.clean:
            return "No mistake was found, but a warning."
        if self.findings:
            return "This loss is right: it is the negative ELBO, with a remark."
        return "This loss is right: it is the negative ELBO."
