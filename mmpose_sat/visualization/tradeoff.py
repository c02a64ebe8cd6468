"""What networks reach over what they cost."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

__all__ = ['plot_tradeoff']


def plot_tradeoff(
    methods: Mapping[str, Sequence[tuple[float, ...]]],
    costs: Sequence[str],
    accuracy: str,
    path: str | Path,
) -> Figure:
    """Draw accuracy over costs, a panel a cost; networks of one method are joined by a line.

    Args:
        methods: Label -> networks, each its costs and then its accuracy.
        costs: Names and units of the costs.
        accuracy: Name and unit of the accuracy.
        path: Picture to write.

    Returns:
        The matplotlib figure.
    """
    figure = Figure(figsize=(3.8 * len(costs) + 2, 3.4), layout='constrained')
    axes = figure.subplots(1, len(costs), sharey=True, squeeze=False)[0]
    for i, (axis, cost) in enumerate(zip(axes, costs, strict=True)):
        for label, networks in methods.items():
            axis.plot(
                *zip(*((n[i], n[-1]) for n in networks), strict=True), marker='o', label=label
            )
        axis.set(xlabel=cost)
        axis.grid(alpha=0.3)
    axes[0].set(ylabel=accuracy)
    figure.legend(*axes[0].get_legend_handles_labels(), loc='outside right center', fontsize=8)
    figure.savefig(path, dpi=120)
    return figure
