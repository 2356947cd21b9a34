"""The report of `check_elbo`, one line for each property."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PropertyResult:
    """The outcome of one property.

    Attributes:
      name: The name of the property.
      outcome: "passed", "failed" or "skipped".
      reason: The reason of a failure or a skip.

    Example:
      >>> from tfp_vae.testing import PropertyResult
      >>> print(PropertyResult("every term has shape [B]", "passed"))
      PASSED  every term has shape [B]
    """

    name: str
    outcome: str
    reason: str = ""

    def __str__(self) -> str:
        """Returns the line of a report."""
        return f"{self.outcome.upper():7} {self.name}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True)
class ELBOReport:
    """The outcomes of all properties; print it.

    Attributes:
      results: One `PropertyResult` for each property, in order.

    Example:
      >>> from tfp_vae.testing import ELBOReport, PropertyResult
      >>> report = ELBOReport((PropertyResult("every term has shape [B]", "passed"),))
      >>> report.ok, report.named("failed")
      (True, ())
    """

    results: tuple[PropertyResult, ...]

    @property
    def ok(self) -> bool:
        """Whether no property failed."""
        return not self.named("failed")

    def named(self, outcome: str) -> tuple[str, ...]:
        """Returns the names of the properties with that outcome.

        Args:
          outcome: "passed", "failed" or "skipped".
        """
        return tuple(result.name for result in self.results if result.outcome == outcome)

    def __str__(self) -> str:
        """Returns the lines of all properties and a line of counts."""
        counts = ", ".join(
            f"{len(self.named(outcome))} {outcome}" for outcome in ("failed", "passed", "skipped")
        )
        return "\n".join([*map(str, self.results), counts])
