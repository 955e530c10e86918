"""Make the film of chapter 5's own-data section, `data/diffusion.csv`: a solvent that spreads in a swelling polymer.

    .venv/bin/python tests/benchmarks/diffusion_film.py

Its diffusivity rises fourfold where the concentration passes 0.5. Eight films of 21 frames on 48 cells, with Gaussian
noise of deviation 0.001, rounded to four digits; everything from NumPy's `default_rng(11)`.
"""

import csv

import numpy as np

from ggd_helpers.files import DATA

CELLS, FILMS, FRAMES, DT, SUBSTEPS, NOISE = 48, 8, 21, 0.05, 40, 0.001


def diffusivity(c: np.ndarray) -> np.ndarray:
    """The truth: from 0.002 below to 0.008 above, with its middle at 0.5."""
    return 0.002 + 0.006 / (1 + np.exp(-(c - 0.5) / 0.06))


def velocity(c: np.ndarray) -> np.ndarray:
    """The divergence of `D(c) grad c` on the periodic grid, with the mean concentration at every face."""
    right = np.roll(c, -1, axis=-1)
    flux = diffusivity(0.5 * (c + right)) * (right - c) * CELLS
    return (flux - np.roll(flux, 1, axis=-1)) * CELLS


def step(c: np.ndarray, dt: float) -> np.ndarray:
    """One step of Heun's scheme."""
    first = velocity(c)
    return c + 0.5 * dt * (first + velocity(c + dt * first))


def main() -> None:
    rng = np.random.default_rng(11)
    x, n = np.arange(CELLS) / CELLS, np.arange(1, 6)
    amplitudes, phases = rng.normal(size=(FILMS, 5)) / n, rng.uniform(0, 1, size=(FILMS, 5))
    waves = np.einsum("fn,fnx->fx", amplitudes, np.sin(2 * np.pi * (n[:, None] * x + phases[..., None])))
    low, high = waves.min(-1, keepdims=True), waves.max(-1, keepdims=True)
    c = 0.05 + 0.9 * (waves - low) / (high - low)
    frames = [c]
    for _ in range(FRAMES - 1):
        for _ in range(SUBSTEPS):
            c = step(c, DT / SUBSTEPS)
        frames.append(c)
    films = np.stack(frames, axis=1)
    films = films + rng.normal(scale=NOISE, size=films.shape)
    with (DATA / "diffusion.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["trajectory", "t", *(f"c{i}" for i in range(CELLS))])
        for i, film in enumerate(films):
            for j, row in enumerate(film):
                writer.writerow([f"film {i + 1}", f"{j * DT:.2f}", *(f"{value:.4f}" for value in row)])


if __name__ == "__main__":
    main()
