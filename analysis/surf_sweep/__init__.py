"""Reads and draws what surf_sweep found: surf_sweep.open(path).cells and .trials are pandas DataFrames.

Commands: python -m surf_sweep, or python analysis from a checkout. surf_sweep.chain_writer writes chains of your own
generators; it needs h5py, numpy and xxhash alone.
"""


def open(*paths):
    """What results files hold, as surf_sweep.results.Results. Raises surf_sweep.files.UnreadableError."""
    from . import results  # pandas and xarray, which chain_writer does without

    return results.open(*paths)
