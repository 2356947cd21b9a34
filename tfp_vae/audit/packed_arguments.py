"""Arguments that hold two outputs: arrays of any layout, and tuples that an array passes for."""

from collections.abc import Callable, Iterable
from typing import Any

from tfp_vae.audit.calls.argument_names import ENCODED
from tfp_vae.audit.calls.blackbox import BlackBox
from tfp_vae.audit.calls.layouts import ARRAYS, TUPLE
from tfp_vae.audit.probes.binding import Binding
from tfp_vae.audit.probes.design import Design
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.reports.report import AuditReport
from tfp_vae.audit.terms.kl_model import STANDARD
from tfp_vae.audit.terms.kl_term import read_kl

# What Python says where a tensor is taken apart into as many parts as it has no rows.
_UNPACKING = "values to unpack"


def in_its_layout(
    probed: Callable[[Binding], LossProbe], binding: Binding, first: LossProbe | None = None
) -> LossProbe:
    """The probe with the mean and the second output where the loss has them in one argument.

    Args:
        probed: Probes the loss with a binding.
        binding: A binding in which one argument is both encoder outputs.
        first: The probe with this binding, None if it is still to be made.

    Returns:
        The probe with the first layout under which the term of the encoder's outputs is a KL
        divergence; that of the binding itself if there is none.

    Raises:
        ValueError: If the loss cannot be called with the binding.
    """
    first = first or probed(binding)
    if first.random or binding.layout == TUPLE or read_kl(first).model is not None:
        return first
    for layout in (*ARRAYS[1:], TUPLE):
        try:
            other = probed(binding.in_layout(layout))
        except ValueError:
            continue
        model = read_kl(other).model
        # Another prior is no reason to read the outputs in another order.
        if model is not None and model.prior == STANDARD:
            return other
    return first


def takes_rows_apart(reasons: Iterable[str]) -> bool:
    """Whether a loss that was called with more rows said that there are too many to unpack."""
    return any(_UNPACKING in reason for reason in reasons)


def unpacks_rows(loss: Callable[..., Any], binding: Binding, design: Design) -> bool:
    """Whether a loss takes an argument apart, row by row.

    Args:
        loss: The loss.
        binding: Which of its arguments is which.
        design: The points' design, with a number of rows that nothing is taken apart into.
    """
    names = [name for name, _ in binding.parameters]
    try:
        BlackBox(binding.call(loss), "loss", names).settle(
            [binding.arguments(design.resting_event())]
        )
    except ValueError as error:
        return takes_rows_apart([str(error)])
    return False


def with_tuples_as_such(
    audited: Callable[[Binding], tuple[AuditReport, bool]],
    binding: Binding,
    unpacks: Callable[[Binding], bool],
) -> AuditReport:
    """The report on a loss, which may take arguments apart as tuples.

    An array of as many rows as there are parts passes for a tuple, and one of more rows does not.

    Args:
        audited: Audits the loss with a binding; returns the report, and whether it took the rows
            of an array for parts.
        binding: Which of its arguments is which.
        unpacks: Whether it takes an argument of a binding apart, row by row.

    Raises:
        TypeError: If its only argument is no tuple or array of both encoder outputs.
        ValueError: If the loss cannot be called.
    """
    failed: Exception | None = None
    report: AuditReport | None = None
    # An argument of one output, or of both, may well be a tuple.
    is_likely = binding.encoder_output_count == 1 or ENCODED in binding.roles
    try:
        if not (is_likely and unpacks(binding)):
            report, is_taken_apart = audited(binding)
            if not is_taken_apart:
                return report
    except (ValueError, TypeError) as error:
        if not binding.guessed and not takes_rows_apart([str(error)]):
            raise
        failed = error
    for variant in binding.with_tuples():
        if unpacks(variant):
            continue
        try:
            other, is_taken_apart = audited(variant)
        except (ValueError, TypeError):
            continue
        if not is_taken_apart:
            return other
    if binding.guessed:
        binding.refuse_guess()
    if failed is not None:
        raise failed
    return report or audited(binding)[0]
