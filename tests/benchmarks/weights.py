"""The weights that benchmarks run with: those of GYM_BENCH_MODEL, else what fetch_model.py has fetched."""

import os
from pathlib import Path

import pytest

from edge_service.weights.catalogue import MODELS_FOLDER, fetch_command, fetched


def bench_model() -> Path:
    """The ONNX file; the test is skipped where there is none."""
    if name := os.environ.get("GYM_BENCH_MODEL"):
        return Path(name)
    model = fetched(MODELS_FOLDER)
    if model is None:
        pytest.skip(f"GYM_BENCH_MODEL names no ONNX file, and none was fetched; fetch one with {fetch_command()}")
    return model
