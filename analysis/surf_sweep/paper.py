"""The numbers of the paper's table 1, to stand beside ours (Song, Fan & Lafferty, Surfing, NeurIPS 2019)."""

from typing import NamedTuple


class PaperCell(NamedTuple):
    success: float  # percent of trials with ‖x̂ − x*‖ < 0.01
    iterations: int  # 75th percentile of the iterations


def _rows(model: str, adam: list[tuple[float, int]], surfing: list[tuple[float, int]]) -> dict:
    columns = {"adam": adam, "surfing": surfing}
    return {
        (model, k, method): PaperCell(*numbers)
        for method, of_method in columns.items()
        for k, numbers in zip((5, 10, 20), of_method, strict=True)
    }


# By model, k and method; 300 trials each.
TABLE1: dict[tuple[str, int, str], PaperCell] = {
    **_rows("vae", [(98.7, 737), (100, 1330), (100, 8215)], [(100, 775), (100, 1404), (100, 10744)]),
    **_rows("dcgan", [(48.3, 618), (68.7, 4560), (80.0, 18937)], [(78.3, 741), (98.7, 6514), (96.3, 33294)]),
    **_rows("wgan", [(56.0, 464), (84.3, 1227), (90.3, 3702)], [(81.7, 547), (97.3, 1450), (99.3, 4986)]),
    **_rows("wgan-gp", [(47.0, 463), (64.7, 1915), (64.7, 15445)], [(83.7, 564), (95.7, 2394), (97.3, 25991)]),
}
