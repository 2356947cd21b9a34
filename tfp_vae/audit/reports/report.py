"""The report of an audit: findings, the measured formula, and the corrected code."""

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
    """The result of the audit of a loss.

    Attributes:
        findings: The findings, errors first.
        formula: What the loss was measured to compute; μ and s are the first and the second encoder
            output, x the data, d the decoder's output.
        not_checked: Checks that were impossible, with the reason.
        undetermined: Questions that the measurement leaves open, because the loss is too noisy or
            not finite.
        corrected_code: The right loss, and sampler, in the loss's own framework and names.
        distribution_code: The model of distribution objects that replaces both.
        binding: Which argument of the loss was taken for what.

    Example:
        >>> report = tfp_vae.audit(lambda x, d, m, s: tf.reduce_sum(m**2))
        >>> report.ok, report.clean, report.exit_code
        (False, False, 1)
        >>> "kl-formula" in report.codes
        True
        >>> sorted(report.to_dict())[:3]
        ['binding', 'codes', 'corrected_code']
    """

    findings: tuple[Finding, ...]
    formula: str
    not_checked: tuple[str, ...]
    undetermined: tuple[str, ...]
    corrected_code: str
    distribution_code: str
    binding: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is no finding of severity "error"."""
        return all(finding.severity != "error" for finding in self.findings)

    @property
    def clean(self) -> bool:
        """Whether there is neither an error nor a warning, and no question is open."""
        is_right = all(finding.severity == "info" for finding in self.findings)
        return is_right and not self.undetermined

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
            AssertionError: If there is an error or a question is open.

        Example:
            >>> tfp_vae.audit(lambda x, d, m, s: tf.reduce_sum(m**2)).assert_ok()
            Traceback (most recent call last):
                ...
            AssertionError: The loss is no negative ELBO...
        """
        if not self.ok or self.undetermined:
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
            "binding": self.binding,
            "not_checked": list(self.not_checked),
            "undetermined": list(self.undetermined),
            "corrected_code": self.corrected_code,
            "distribution_code": self.distribution_code,
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        lines = [self._verdict()]
        if self.binding:
            lines += ["", "Its arguments were taken for", _paragraph(self.binding, "    ")]
        lines += ["", "The loss was measured to compute"]
        lines += [_paragraph(self.formula, "    ")]
        for finding in self.findings:
            lines += ["", f"{_MARKS[finding.severity]} {finding.code}"]
            lines += [_paragraph(f"{finding.title}.", "    ")]
            lines += [_paragraph(f"Measured: {finding.evidence}", "    ")]
            lines += [_paragraph(f"Fix: {finding.fix}", "    ")]
        for heading, items in (
            ("Undetermined:", self.undetermined),
            ("Not checked:", self.not_checked),
        ):
            if items:
                lines += ["", heading, *(_paragraph(f"- {item}", "    ") for item in items)]
        if not self.clean:
            lines += ["", "Corrected:", textwrap.indent(self.corrected_code, "    ")]
        lines += ["", "With distribution objects, where these mistakes cannot be written:"]
        lines += [textwrap.indent(self.distribution_code, "    ")]
        return lines

    def _verdict(self) -> str:
        errors = sum(finding.severity == "error" for finding in self.findings)
        if errors:
            return f"This loss has {errors} mistake{'s' if errors > 1 else ''}."
        if self.undetermined:
            return "No mistake was found, but a question is open."
        if not self.clean:
            return "No mistake was found, but a warning."
        if self.findings:
            return "This loss is right: it is the negative ELBO, with a remark."
        return "This loss is right: it is the negative ELBO."
