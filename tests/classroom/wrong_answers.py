"""Typical wrong answers to the exercises: what they put in place of the solution, which points they lose, and the hint.

By chapter and answer: `(body, exercises that fail, words of the hint)`.
"""

from typing import NamedTuple


class Wrong(NamedTuple):
    """A body in place of the solution; the exercises that it loses; what the feedback says."""

    body: str
    lost: tuple[str, ...]
    hint: str


def exchange(to_i: str, to_j: str, force: str = "dS[..., i] * dE[..., j] - dS[..., j] * dE[..., i]") -> str:
    """An irreversible velocity with a force of each pair, and what each end of a pair does with its flux J."""
    return (
        f"forces = torch.stack([{force} for i, j in pairs], dim=-1)\n"
        "velocity = torch.zeros_like(dE)\n"
        "for F, J, (i, j) in zip(forces.unbind(-1), flux(forces).unbind(-1), pairs, strict=True):\n"
        f"    velocity[..., i] += {to_i}\n"
        f"    velocity[..., j] += {to_j}"
    )


def two_humps(short: str, long: str) -> str:
    """A mixture of Gaussians around two strains."""
    return (
        f"heights = [torch.exp(-(((u - mean) / width) ** 2) / 2) for mean in ({short}, {long})]\n"
        "density = ((1 - share) * heights[0] + share * heights[1]) / (width * math.sqrt(2 * math.pi))"
    )


def snapping(back_by_up: str, tension: str = "strain - distance * share") -> str:
    """Springs that snap up and back, with a ratio of the two rates at the tension s."""
    return f"s = {tension}\nrate = up(s) * (1 - share - {back_by_up} * share)"


def read_file(
    values: str,
    complete: str = "data.observed.all(dim=-1).sum()",
    unit: str = "data.quantities[0].unit + '/' + data.clock.unit",
) -> str:
    """Counts of values and of complete states, and the unit of a velocity."""
    return f"values = {values}\ncomplete = {complete}\nunit = {unit}"


def profiled_noise(degrees: str) -> str:
    """-ln p with the noise profiled out, and so many degrees of freedom a coordinate."""
    return (
        "seen = misses.isfinite()\n"
        f"degrees = {degrees}\n"
        "cost = (degrees / 2 * misses.nan_to_num().square().sum(dim=(0, 1)).log()).sum()"
    )


def rate_constant(deviations: str) -> str:
    """A rate constant and an interval of so many deviations to each side."""
    return (
        "(_, k), C = curve_fit(lambda t, end, k: end * (1 - np.exp(-k * t)), t, x, p0=[x.max(), k])\n"
        f"reach = {deviations} * np.sqrt(C[1, 1])\n"
        "low, high = k - reach, k + reach"
    )


WRONG: dict[str, dict[str, list[Wrong]]] = {
    "00_start_here": {
        "warm_up_1_answer": [
            Wrong("time = math.log(3) * gamma", ("warm_up_1",), "a larger gamma is faster"),
            Wrong("time = math.log(3 / 2) / gamma", ("warm_up_1",), "two thirds are left"),
            Wrong("time = 0.2197  # read off the visible check", ("warm_up_1",), "they differ"),
        ],
        "warm_up_2_answer": [
            Wrong("rate = gamma * x**2 / 2", ("warm_up_2",), "that is Xi"),
            Wrong("rate = -gamma * x**2", ("warm_up_2",), "entropy rises"),
            Wrong("rate = gamma * 0.64", ("warm_up_2",), "they differ"),
        ],
        "code_1_answer": [
            Wrong(
                "path = torch.stack([(1 - dt) ** k * start for k in range(steps + 1)])",
                ("code_2",),
                "this is honey again",
            ),
            Wrong(
                "states = [start]\n"
                "for _ in range(steps):\n"
                "    states.append(states[-1] + dt * flux(states[-1]))\n"
                "path = torch.stack(states)",
                ("code_1", "code_2"),
                "the state moves away from 0",
            ),
            Wrong(
                "velocity = flux(slope(start))\n"
                "path = torch.stack([start + k * dt * velocity for k in range(steps + 1)])",
                ("code_1", "code_2"),
                "the force is asked for once",
            ),
            Wrong(
                "states = [start]\n"
                "for _ in range(steps):\n"
                "    states.append(states[-1] + dt * flux(slope(states[-1])))\n"
                "path = torch.stack(states[1:]) if steps else torch.stack(states)",
                ("code_1", "code_2"),
                "the shape should be",
            ),
            Wrong(
                "states = [start]\n"
                "for _ in range(steps):\n"
                "    states.append(states[-1] + dt * slope(states[-1]))\n"
                "path = torch.stack(states)",
                ("code_2",),
                "a velocity is the flux of a force",
            ),
        ],
        "code_3_answer": [
            Wrong("count = int((entropy(path).diff() > 1e-12).sum())", ("code_3",), "they differ"),
            Wrong("count = int((entropy(path).diff() < 0).sum())", ("code_3",), "1e-14 is rounding"),
            Wrong("count = int((path.abs().diff(dim=0) > 1e-12).any(-1).sum())", ("code_3",), "they differ"),
        ],
        "experiment_1_answer": [
            Wrong("dt = 2.0 / gamma  # Euler's limit", ("experiment_1",), "a longer step is possible"),
            Wrong("dt = 2.785 * gamma", ("experiment_1",), "the step must be shorter"),
            Wrong("dt = 2.785", ("experiment_1",), "the step must be shorter"),
        ],
        "experiment_2_answer": [
            Wrong('meaning = "a"', ("experiment_2",), "every gamma"),
            Wrong('meaning = "c"', ("experiment_2",), "rounding is 1e-16"),
            Wrong('meaning = "B"', ("experiment_2",), "another answer"),
        ],
    },
    "01_theory": {
        "warm_up_1_answer": [
            Wrong("share = out / (out + back)", ("warm_up_1",), "that is the share on the right"),
            Wrong("share = back / out", ("warm_up_1",), "left over right"),
            Wrong("share = 1 / 3", ("warm_up_1",), "they differ"),
        ],
        "warm_up_2_answer": [
            Wrong('admissible["|x*|^(3/2)"] = "no"', ("warm_up_2",), "it is convex and zero at 0"),
            Wrong("admissible = dict.fromkeys(admissible, 'yes')", ("warm_up_2",), "points against the force"),
            Wrong(
                "admissible = dict(zip(admissible, ['yes', 'no', 'no', 'no'], strict=True))",
                ("warm_up_2",),
                "it need not be symmetric",
            ),
        ],
        "code_1_answer": [
            Wrong("slope = torch.log((1 - c) / c)", ("code_1",), "places are forgotten"),
            Wrong("slope = torch.log(c / p) - torch.log((1 - c) / (1 - p))", ("code_1",), "slope of -S"),
            Wrong("slope = -c * torch.log(c / p) - (1 - c) * torch.log((1 - c) / (1 - p))", ("code_1",), "S itself"),
            Wrong(
                "slope = -torch.log((1 - c) / (1 - p)) - torch.log(c / p) - 2", ("code_1",), "mind the sign of its term"
            ),
        ],
        "code_2_answer": [
            Wrong("value = m * (1 - torch.sqrt(1 - (v / m) ** 2))", ("code_3",), "infinite somewhere"),
            Wrong(
                "value = torch.where(v.abs() <= m, m * (1 - torch.sqrt(1 - v**2)), torch.inf)",
                ("code_2", "code_3"),
                "not a number",
            ),
            Wrong(
                "value = torch.where(v.abs() <= m, 1 - torch.sqrt(1 - (v / m) ** 2), torch.inf)",
                ("code_2", "code_3"),
                "the factor m is missing",
            ),
            Wrong("value = m * (torch.sqrt(1 + v**2) - 1)", ("code_2", "code_3"), "that is Xi at v"),
            Wrong("value = m * (1 - torch.sqrt((1 - (v / m) ** 2).clamp(min=0)))", ("code_3",), "infinite somewhere"),
        ],
        "experiment_1_answer": [
            Wrong("power_of_noise, power_of_mobility = 1.0, 1.0", ("experiment_1",), "mobility does not matter"),
            Wrong("power_of_noise, power_of_mobility = 1.0, -1.0", ("experiment_1",), "gets to rest faster"),
            Wrong("power_of_noise, power_of_mobility = 0.5, 0.0", ("experiment_1",), "power for the deviation"),
        ],
        "experiment_2_answer": [
            Wrong('meaning = "a"', ("experiment_2",), "does not show in the variance"),
            Wrong('meaning = "b"', ("experiment_2",), "a narrower bowl"),
            Wrong('meaning = "S"', ("experiment_2",), "another answer"),
        ],
    },
    "02_convex_networks": {
        "warm_up_1_answer": [
            Wrong(
                'may_be_used |= {"z^2": "yes", "max(z, 0)": "yes", "tanh z": "no", "exp z": "yes"}',
                ("warm_up_1",),
                "a hump",
            ),
            Wrong("may_be_used = dict.fromkeys(may_be_used, 'no')", ("warm_up_1",), "a kink does no harm"),
            Wrong("may_be_used = dict.fromkeys(may_be_used, 'yes')", ("warm_up_1",), "it bends down"),
        ],
        "warm_up_2_answer": [
            Wrong("these_too = dict.fromkeys(these_too, 'yes')", ("warm_up_2",), "it bends down"),
            Wrong("these_too = dict.fromkeys(these_too, 'no')", ("warm_up_2",), "its slope grows"),
            Wrong(
                "these_too = dict(zip(these_too, ['yes', 'no', 'yes'], strict=True))", ("warm_up_2",), "it is concave"
            ),
        ],
        "code_1_answer": [
            Wrong("after = softplus(z @ W_free.T + x @ V.T + b)", ("code_1", "code_2"), "some are negative"),
            Wrong("after = softplus(z @ ggd.positive(W_free).T + b)", ("code_1", "code_2"), "is missing"),
            Wrong("after = softplus(z @ W_free.abs().T + x @ V.T + b)", ("code_1",), "they differ"),
            Wrong("after = z @ ggd.positive(W_free).T + x @ V.T + b", ("code_1", "code_2"), "softplus is missing"),
            Wrong(
                "after = softplus(z @ ggd.positive(W_free).T + x @ ggd.positive(V).T + b)",
                ("code_1",),
                "V may have any sign",
            ),
            Wrong("after = torch.tanh(z @ ggd.positive(W_free).T + x @ V.T + b)", ("code_1", "code_2"), "tanh"),
            Wrong("after = softplus(x @ V.T + b)", ("code_1", "code_2"), "where is z?"),
            Wrong("after = softplus(z.sum(-1, keepdim=True) + x @ V.T + b)", ("code_1", "code_2"), "where is W?"),
            Wrong("after = z.sum(-1, keepdim=True) + x @ V.T + b", ("code_1", "code_2"), "where is softplus?"),
        ],
        "code_3_answer": [
            Wrong("xi = psi(x, force) - psi(x, torch.zeros_like(force))", ("code_3",), "it is not even"),
            Wrong("xi = (psi(x, force) + psi(x, -force)) / 2", ("code_3",), "it is not zero at no force"),
            Wrong(
                "xi = (psi(x, force) + psi(-x, -force)) / 2 - psi(x, torch.zeros_like(force))",
                ("code_3",),
                "the state is turned as well",
            ),
        ],
        "experiment_1_answer": [
            Wrong("height_at_zero, flat_up_to = 1.0, 1.29", ("experiment_1",), "they differ"),
            Wrong("height_at_zero, flat_up_to = 0.0, 1.0", ("experiment_1",), "that is the convex envelope"),
            Wrong("height_at_zero, flat_up_to = 0.44, 1.0", ("experiment_1",), "the places of the valleys"),
        ],
        "experiment_2_answer": [
            Wrong('meaning = "b"', ("experiment_2",), "the envelope is 0"),
            Wrong('meaning = "c"', ("experiment_2",), "no convex function has a hump"),
            Wrong('meaning = ""', ("experiment_2",), "another answer"),
        ],
    },
    "03_particle": {
        "warm_up_1_answer": [
            Wrong("factor = k", ("warm_up_1",), "that is the factor of the error"),
            Wrong("factor = 1.0", ("warm_up_1",), "they differ"),
            Wrong("factor = 100.0", ("warm_up_1",), "they differ"),
        ],
        "warm_up_2_answer": [
            Wrong("m = r * a", ("warm_up_2",), "pulls harder"),
            Wrong("m = a / r", ("warm_up_2",), "upside down"),
            Wrong("m = r", ("warm_up_2",), "a = 1 only"),
        ],
        "code_1_answer": [
            Wrong("xi = 0.75 * gamma * force ** (4 / 3)", ("code_1",), "a broken power of a negative force"),
            Wrong("xi = gamma * force.abs() ** (4 / 3)", ("code_1",), "a factor is missing"),
            Wrong("xi = gamma * force**2 / 2", ("code_1",), "that is honey"),
            Wrong("xi = 0.75 * force.abs() ** (4 / 3)", ("code_1",), "gamma is missing"),
            Wrong(
                "xi = 0.75 * gamma * force.abs() ** (4 / 3) * force.sign()", ("code_1",), "the flux must turn with it"
            ),
        ],
        "code_2_answer": [
            Wrong("factor = (known**2).sum() / (known * learned).sum()", ("code_2",), "as the thesis prints it"),
            Wrong("factor = (known * learned).sum() / (known**2).sum()", ("code_2",), "known to learned"),
            Wrong("factor = known.norm() / learned.norm()", ("code_2",), "compares sizes"),
            Wrong("factor = (known / learned).mean()", ("code_2",), "a mean of ratios"),
        ],
        "code_3_answer": [
            Wrong("velocities = (states[2:] - states[:-2]) / dt", ("code_3",), "2 times the true value"),
            Wrong("velocities = states.diff() / dt", ("code_3",), "the shape should be"),
            Wrong("velocities = states.diff()[1:] / dt", ("code_3",), "they differ"),
        ],
        "experiment_1_answer": [
            Wrong("power_short, power_long = -2, 2", ("experiment_1",), "the long steps"),
            Wrong("power_short, power_long = -1, 2", ("experiment_1",), "not its square"),
            Wrong("power_short, power_long = 2, -4", ("experiment_1",), "mind the signs"),
        ],
        "experiment_2_answer": [
            Wrong('meaning = "a"', ("experiment_2",), "mostly noise"),
            Wrong('meaning = "c"', ("experiment_2",), "look for the lowest line again"),
            Wrong("meaning = 2", ("experiment_2",), "another answer"),
        ],
    },
    "04_reactions": {
        "warm_up_1_answer": [
            Wrong("ratio = kb / kf", ("warm_up_1",), "upside down"),
            Wrong("ratio = kf / (kf + kb)", ("warm_up_1",), "the share of B in all"),
            Wrong("ratio = kf", ("warm_up_1",), "kb is missing"),
        ],
        "warm_up_2_answer": [
            Wrong("kb3 = kb1 * kb2 / (kf1 * kf2 * kf3)", ("warm_up_2",), "upside down"),
            Wrong("kb3 = kf1 * kf2 / (kb1 * kb2)", ("warm_up_2",), "the third forward rate is missing"),
            Wrong("kb3 = kf1 + kf2 + kf3 - kb1 - kb2", ("warm_up_2",), "they do not add up"),
        ],
        "code_1_answer": [
            Wrong(
                "_, sizes, right = torch.linalg.svd(nu)\nrows = right[int((sizes > 1e-10).sum()) :]",
                ("code_1", "code_2"),
                "the shape should be",
            ),
            Wrong(
                "left, _, _ = torch.linalg.svd(nu)\nrows = left[:, nu.shape[1] :].T",  # reactions taken as independent
                ("code_2",),
                "they differ",
            ),
            Wrong("rows = torch.linalg.svd(nu)[0].T", ("code_1", "code_2"), "they differ"),
            Wrong("rows = torch.linalg.svd(nu)[0].T[-1:]", ("code_1", "code_2"), "they differ"),
            Wrong("rows = torch.linalg.svd(nu)[0][-2:]", ("code_1", "code_2"), "they differ"),
        ],
        "code_3_answer": [
            Wrong(
                "net = beta - alpha\n"
                "powers = c.unsqueeze(-1)\n"
                "gamma = kf * (powers ** (-net).clamp(min=0)).prod(-2) - kb * (powers ** net.clamp(min=0)).prod(-2)",
                ("code_3",),
                "A stands on both sides",
            ),
            Wrong("gamma = kf * (c.unsqueeze(-1) ** alpha).prod(-2)", ("code_3",), "the way back is missing"),
            Wrong(
                "gamma = kf * (c.unsqueeze(-1) * alpha).sum(-2) - kb * (c.unsqueeze(-1) * beta).sum(-2)",
                ("code_3",),
                "they differ",
            ),
            Wrong(
                "gamma = kb * (c.unsqueeze(-1) ** beta).prod(-2) - kf * (c.unsqueeze(-1) ** alpha).prod(-2)",
                ("code_3",),
                "the sign is turned",
            ),
        ],
        "experiment_1_answer": [
            Wrong("rate = kf", ("experiment_1",), "kb takes part"),
            Wrong("rate = kf * kb + 1", ("experiment_1",), "right for some lines only"),
            Wrong("rate = abs(kf - kb)", ("experiment_1",), "do not work against each other"),
            Wrong("rate = (kf + kb) / 2", ("experiment_1",), "not their mean"),
        ],
        "experiment_2_answer": [
            Wrong('meaning = "a"', ("experiment_2",), "the last three lines"),
            Wrong('meaning = "c"', ("experiment_2",), "it grows"),
            Wrong('meaning = "yes"', ("experiment_2",), "another answer"),
        ],
    },
    "05_diffusion": {
        "warm_up_1_answer": [
            Wrong("time = 1 / (D * 2 * math.pi * k)", ("warm_up_1",), "square it"),
            Wrong("time = 1 / (D * k**2)", ("warm_up_1",), "2 pi is missing"),
            Wrong("time = D * (2 * math.pi * k) ** 2", ("warm_up_1",), "that is the rate"),
        ],
        "warm_up_2_answer": [
            Wrong("flux = D * (right - left) / h", ("warm_up_2",), "from much to little"),
            Wrong("flux = -D * (right - left)", ("warm_up_2",), "over the width h"),
            Wrong("flux = -D * (right - left) / h**2", ("warm_up_2",), "once h"),
        ],
        "code_1_answer": [
            Wrong(
                "velocity = D * (2 * c - torch.roll(c, 1, -1) - torch.roll(c, -1, -1)) / h**2",
                ("code_1",),
                "mind the signs",
            ),
            Wrong(
                "velocity = D * (torch.roll(c, 1, -1) - 2 * c + torch.roll(c, -1, -1)) / h",
                ("code_1",),
                "h enters twice",
            ),
            Wrong("velocity = D * (torch.roll(c, 1) - 2 * c + torch.roll(c, -1)) / h**2", ("code_1",), "they differ"),
            Wrong(
                "flux = torch.zeros_like(c)\n"
                "flux[..., :-1] = -D * c.diff(dim=-1) / h\n"
                "velocity = -(flux - torch.roll(flux, 1, dims=-1)) / h",
                ("code_1",),
                "they differ",
            ),
        ],
        "code_2_answer": [
            Wrong(
                "after = torch.roll(c, -1, dims=-1)\n"
                "flux = D * mean(c, after) * (after.log() - c.log()) / h\n"
                "velocity = -(flux - torch.roll(flux, 1, dims=-1)) / h",
                ("code_2",),
                "it flows uphill",
            ),
            Wrong("velocity = fick_velocity(c, D, h)", ("code_2",), "another mean was given"),
            Wrong(
                "after = torch.roll(c, -1, dims=-1)\n"
                "flux = mean(c, after) * (c.log() - after.log()) / h\n"
                "velocity = -(flux - torch.roll(flux, 1, dims=-1)) / h",
                ("code_2",),
                "D is missing",
            ),
        ],
        "code_3_answer": [
            Wrong("mean = (b - a) / (b / a).log()", ("code_3",), "not a number"),
            Wrong("mean = (a + b) / 2", ("code_3",), "the arithmetic mean"),
            Wrong("mean = torch.where(a == b, a, (b - a) / (b / a).log())", ("code_3",), "they differ"),
        ],
        "experiment_1_answer": [
            Wrong("power_wave, power_step = 2, 2", ("experiment_1",), "neighbours differ by the same factor"),
            Wrong("power_wave, power_step = 1, 0", ("experiment_1",), "a factor of 4 a line"),
            Wrong("power_wave, power_step = 4, 0", ("experiment_1",), "is the power 2"),
        ],
        "experiment_2_answer": [
            Wrong('meaning = "a"', ("experiment_2",), "keeps the second law"),
            Wrong('meaning = "b"', ("experiment_2",), "does not change from line to line"),
            Wrong('meaning = "arithmetic"', ("experiment_2",), "another answer"),
        ],
    },
    "06_internal_variables": {
        "warm_up_1_answer": [
            Wrong(
                "order_does_not_matter = dict.fromkeys(order_does_not_matter, 'yes')",
                ("warm_up_1",),
                "another realisation may be written first",
            ),
            Wrong(
                "order_does_not_matter |= dict(zip(order_does_not_matter, ['yes', 'no', 'no', 'no', 'yes']))",
                ("warm_up_1",),
                "the largest is the largest",
            ),
            Wrong(
                "order_does_not_matter |= dict(zip(order_does_not_matter, ['yes', 'no', 'yes', 'yes', 'yes']))",
                ("warm_up_1",),
                "who is whose neighbour",
            ),
        ],
        "warm_up_2_answer": [
            Wrong("share = (right - x) / (right - left)", ("warm_up_2",), "the share of the left one"),
            Wrong("share = x - left", ("warm_up_2",), "a part of the width"),
            Wrong("share = float(x - left > right - x)", ("warm_up_2",), "they differ"),
        ],
        "code_1_answer": [
            Wrong("alpha = rho(enc(clouds)).mean(-2)", ("code_1",), "rho comes after the mean"),
            Wrong("alpha = rho(enc(clouds.mean(-1)))", ("code_1",), "enc comes before the mean"),
            Wrong("alpha = rho(enc(clouds).sum(-2))", ("code_1", "code_2"), "a sum grows"),
            Wrong("alpha = rho(enc(clouds).amax(-2))", ("code_1", "code_2"), "the largest is not the mean"),
        ],
        "code_3_answer": [
            Wrong("alpha = rho(enc(shares @ grid))", ("code_3",), "its spread is lost"),
            Wrong("alpha = rho((shares[..., None] * enc(grid)).mean(-2))", ("code_3",), "no mean after them"),
            Wrong("alpha = rho(enc(grid)[shares.argmax(-1)])", ("code_3",), "they differ"),
        ],
        "experiment_1_answer": [
            Wrong("power = -1.0", ("experiment_1",), "the power of the variance"),
            Wrong("power = 0.5", ("experiment_1",), "mind the sign"),
            Wrong("power = -0.25", ("experiment_1",), "they differ"),
        ],
        "experiment_2_answer": [
            Wrong('meaning = "a"', ("experiment_2",), "smaller by the root of 2"),
            Wrong('meaning = "c"', ("experiment_2",), "no encoder can know better"),
            Wrong('meaning = "4"', ("experiment_2",), "another answer"),
        ],
    },
    "07_phase_change": {
        "warm_up_1_answer": [
            Wrong("tension = stiffness * strain", ("warm_up_1",), "where is the share"),
            Wrong("tension = strain - 2 * share", ("warm_up_1",), "k = 1 and d = 2 are the springs of the chapter"),
            Wrong("tension = stiffness * (strain - distance * (1 - share))", ("warm_up_1",), "share of the short ones"),
            Wrong("tension = stiffness * strain - distance * share", ("warm_up_1",), "k multiplies d as well"),
        ],
        "warm_up_2_answer": [
            Wrong(
                "share = 1 / (1 + math.exp(tension * distance / thermal_energy))",
                ("warm_up_2",),
                "a pull makes springs long",
            ),
            Wrong("share = math.exp(tension * distance / thermal_energy)", ("warm_up_2",), "a share is long over all"),
            Wrong("share = 1 / (1 + math.exp(-tension / thermal_energy))", ("warm_up_2",), "where is d"),
            Wrong(
                "share = 1 / (1 + math.exp(-tension * distance / 2 / thermal_energy))",
                ("warm_up_2",),
                "to the top of the hill",
            ),
            Wrong("share = 1 / (1 + math.exp(-tension * distance))", ("warm_up_2",), "compared with kB T"),
        ],
        "code_1_answer": [
            Wrong(two_humps("0.0 * strain", "0.0 * strain + distance"), ("code_1", "code_2"), "not at 0 and d"),
            Wrong(two_humps("strain", "strain + distance"), ("code_1", "code_2"), "the mean of all is larger"),
            Wrong(two_humps("strain - 2 * share", "strain - 2 * share + 2"), ("code_2",), "not always 2"),
            Wrong(
                two_humps("strain + distance * (1 - share)", "strain - distance * share"),
                ("code_1", "code_2"),
                "the shares are exchanged",
            ),
            Wrong(
                two_humps("strain - distance * (1 - share)", "strain + distance * share"),
                ("code_1", "code_2"),
                "the short ones lie d p below the mean",
            ),
            Wrong(two_humps("strain", "strain"), ("code_1", "code_2"), "has the mean, but no phases"),
            Wrong(
                two_humps("strain - distance * share", "strain + distance * (1 - share)") + " * width",
                ("code_1", "code_2"),
                "the factor of a Gaussian",
            ),
            Wrong(
                "width = width**0.5\n" + two_humps("strain - distance * share", "strain + distance * (1 - share)"),
                ("code_1", "code_2"),
                "its square is the variance",
            ),
        ],
        "code_3_answer": [
            Wrong("rate = up(strain - distance * share) * (1 - share)", ("code_3",), "the way back is missing"),
            Wrong(
                "s = strain - distance * share\nrate = up(s) * (1 - share) - up(-s) * share",
                ("code_3",),
                "needs a hill in the middle",
            ),
            Wrong(snapping("torch.exp(s * distance / thermal_energy)"), ("code_3",), "detailed balance is turned"),
            Wrong(snapping("torch.exp(-s / thermal_energy)"), ("code_3",), "the work from well to well"),
            Wrong(
                snapping("torch.exp(-s * distance / thermal_energy)", tension="strain"),
                ("code_3",),
                "the tension is not the strain",
            ),
            Wrong(
                "s = strain - distance * share\nrate = torch.sigmoid(s * distance / thermal_energy) - share",
                ("code_3",),
                "how fast it gets there",
            ),
            Wrong(
                "s = strain - distance * share\nrate = up(s) * (torch.sigmoid(s * distance / thermal_energy) - share)",
                ("code_3",),
                "up and down add up",
            ),
        ],
        "experiment_1_answer": [
            Wrong("power = -1.0", ("experiment_1",), "mind the sign"),
            Wrong("power = 2.0", ("experiment_1",), "that is not the square"),
            Wrong("power = 0.63  # from the last two lines", ("experiment_1",), "those are the fast lines"),
            Wrong("power = 0.5", ("experiment_1",), "between slow and fast"),
        ],
        "experiment_2_answer": [
            Wrong('meaning = "a"', ("experiment_2",), "the loop is closed"),
            Wrong('meaning = "c"', ("experiment_2",), "it depends on the speed"),
            Wrong('meaning = "bath"', ("experiment_2",), "another answer"),
        ],
    },
    "08_conserve_and_dissipate": {
        "warm_up_1_answer": [
            Wrong("parity = dict.fromkeys(parity, 'even')", ("warm_up_1",), "the mass moves the other way"),
            Wrong(
                "parity = dict(zip(parity, ['even', 'odd', 'odd', 'even'], strict=True))",
                ("warm_up_1",),
                "each frame of the film has its entropy",
            ),
            Wrong(
                "parity = {'q': 'even', 'p': 'odd', 's': 'even', 'n': 'even'}\n"
                "turned = [*kind][2], [*kind][4]\n"
                "kind = {term: 'irreversible' if term in turned else 'reversible' for term in kind}",
                ("warm_up_1",),
                "the bath would cool",
            ),
            Wrong(
                "parity = {'q': 'even', 'p': 'odd', 's': 'even', 'n': 'even'}\n"
                "kind = dict.fromkeys(kind, 'irreversible')",
                ("warm_up_1",),
                "both sides turn their sign",
            ),
        ],
        "warm_up_2_answer": [
            Wrong("rate = df[..., 1] * dg[..., 0] - df[..., 0] * dg[..., 1]", ("warm_up_2",), "the sign is turned"),
            Wrong(
                "rate = df[..., 0] * dg[..., 1] + df[..., 1] * dg[..., 0]", ("warm_up_2",), "one of them has a minus"
            ),
            Wrong(
                "rate = df[..., 0] * dg[..., 1] - df[..., 1] * dg[..., 0] + (df * dg)[..., 2:].sum(-1)",
                ("warm_up_2",),
                "what has no mechanics does not move",
            ),
            Wrong("rate = df[0] * dg[1] - df[1] * dg[0]  # for one state", ("warm_up_2",), "the shape should be"),
        ],
        "code_1_answer": [
            Wrong(
                exchange("J * dE[..., j]", "0.0"),
                ("code_1", "code_2"),
                "energy leaks: the other end of the pair must move as well",
            ),
            Wrong(exchange("-J * dE[..., j]", "J * dE[..., i]"), ("code_1", "code_2"), "the sign is turned"),
            Wrong(exchange("J * dE[..., j]", "J * dE[..., i]"), ("code_1", "code_2"), "must have opposite signs"),
            Wrong(exchange("J", "-J * dE[..., i] / dE[..., j]"), ("code_1", "code_2"), "entropy grows at F J / T"),
            Wrong(exchange("J * dS[..., j]", "-J * dS[..., i]"), ("code_1", "code_2"), "slopes of E, not of S"),
            Wrong(exchange("F * dE[..., j]", "-F * dE[..., i]"), ("code_1", "code_2"), "in place of its flux"),
            Wrong(
                exchange("J * dE[..., j]", "-J * dE[..., i]", force="-dE[..., i]"),
                ("code_2",),
                "both slopes of S count",
            ),
            Wrong(
                exchange("J * dE[..., j]", "-J * dE[..., i] - velocity[..., j]"),
                ("code_2",),
                "add up what they bring",
            ),
        ],
        "code_3_answer": [
            Wrong("h, d = q * p, (q**2 - p**2) / 2", ("code_3",), "mind the sign"),
            Wrong("h, d = q * p, q * p", ("code_3",), "dd = dh"),
            Wrong("h, d = q * p, torch.zeros_like(q)", ("code_3",), "d does not take back anything"),
            Wrong("h, d = (q**2 + p**2) / 2, q * p", ("code_3",), "no d undoes this h"),
            Wrong("h, d = q, p", ("code_3",), "a straight line is too easy"),
            Wrong("h, d = torch.ones_like(q), torch.zeros_like(q)", ("code_3",), "a constant is the same energy"),
        ],
        "experiment_1_answer": [
            Wrong(
                "taken_up = -torch.trapezoid(dE[..., -1], states[..., -1], dim=-1)",
                ("experiment_1",),
                "the sign is turned: the bath gets hotter",
            ),
            Wrong(
                "taken_up = torch.trapezoid(dE[..., -1], dx=0.02, dim=-1)",
                ("experiment_1",),
                "over the entropy, not over the time",
            ),
            Wrong("taken_up = states[..., -1, -1] - states[..., 0, -1]", ("experiment_1",), "that is the entropy"),
            Wrong("taken_up = mechanical(states[..., 0, :])", ("experiment_1",), "that is H at the start"),
            Wrong(
                "taken_up = mechanical(states[..., 0, :]) - mechanical(states[..., -1, :])",
                ("experiment_1",),
                "find the heat from the bath",
            ),
            Wrong(
                "taken_up = states[..., -1, -1].exp() - states[..., 0, -1].exp()",
                ("experiment_1",),
                "T is the slope of the energy by s",
            ),
            Wrong(
                "taken_up = torch.trapezoid(states[..., -1].exp(), states[..., -1], dim=-1)",
                ("experiment_1",),
                "e^s for the first bath only",
            ),
        ],
        "experiment_2_answer": [
            Wrong("temperature = x[..., 2].exp() + mechanical(x)", ("experiment_2",), "does the mass come to rest"),
            Wrong("temperature = x[..., 2].exp() - mechanical(x) - 1 / 4", ("experiment_2",), "mind the sign"),
            Wrong("temperature = x[..., 2].exp() + mechanical(x) - 1 / 4", ("experiment_2",), "loses more than H"),
            Wrong("temperature = mechanical(x) + 1 / 4", ("experiment_2",), "the bath has been warm before"),
            Wrong(
                "temperature = (x[..., 2] + mechanical(x) + 1 / 4).exp()", ("experiment_2",), "added to e^s, not to s"
            ),
        ],
    },
    "09_measurements": {
        "warm_up_1_answer": [
            Wrong(
                read_file("data.observed.any(dim=-1).sum().expand(data.values.shape[-1])"),
                ("warm_up_1",),
                "an empty cell is no value",
            ),
            Wrong(
                read_file("torch.tensor(data.values.shape[:2]).prod().expand(data.values.shape[-1])"),
                ("warm_up_1",),
                "a shorter record ends before the longest one",
            ),
            Wrong(read_file("data.observed[0].sum(dim=0)"), ("warm_up_1",), "not of the first one alone"),
            Wrong(
                read_file("data.observed.sum(dim=(0, 1))", "data.observed.any(dim=-1).sum()"),
                ("warm_up_1",),
                "at which anything was measured",
            ),
            Wrong(
                read_file("data.observed.sum(dim=(0, 1))", unit="'mm/min'"),
                ("warm_up_1",),
                "with units of its own",
            ),
            Wrong(
                read_file("data.observed.sum(dim=(0, 1))", unit="data.quantities[0].unit"),
                ("warm_up_1",),
                "that is the unit of a",
            ),
        ],
        "warm_up_2_answer": [
            Wrong("sigma = misses[misses.isfinite()].square().mean().sqrt()", ("warm_up_2",), "has used up a value"),
            Wrong("sigma = misses[misses.isfinite()].std()", ("warm_up_2",), "they differ"),
            Wrong(
                "sigma = (misses.square().nansum() / (misses.isfinite().sum() - 1)).sqrt()",
                ("warm_up_2",),
                "each record has a start of its own",
            ),
            Wrong(
                "sigma = (misses.square().nansum() / (misses.isfinite().sum() - len(misses))).sqrt()",
                ("warm_up_2",),
                "has no start that a value would have to tell",
            ),
            Wrong(
                "seen = misses.isfinite()\nsigma = misses.square().nansum() / (seen.sum() - seen.any(dim=1).sum())",
                ("warm_up_2",),
                "that is the square of the deviation",
            ),
        ],
        "code_1_answer": [
            Wrong(profiled_noise("seen.sum(dim=(0, 1))"), ("code_1",), "count values less free starts"),
            Wrong(
                profiled_noise("2 * (seen.sum(dim=(0, 1)) - seen.any(dim=1).sum(dim=0))"),
                ("code_1",),
                "half of it for the deviation",
            ),
            Wrong(profiled_noise("seen.sum(dim=(0, 1)) - len(misses)"), ("code_1",), "has no start to be told"),
            Wrong(
                "seen = misses.isfinite()\n"
                "cost = (seen.sum() - seen.any(dim=1).sum()) / 2 * misses.square().nansum().log()",
                ("code_1",),
                "each coordinate has a noise of its own",
            ),
            Wrong("cost = misses.square().nansum() / 2", ("code_1",), "without the noise that goes with it"),
        ],
        "code_2_answer": [
            Wrong("g = jacfwd(question)(theta)\nfound = ((g @ C) * g).sum(-1)", ("code_2",), "that is the variance"),
            Wrong(
                "g = jacfwd(question)(theta)\nfound = (g**2 @ C.diagonal()).sqrt()",
                ("code_2",),
                "what stands beside the diagonal of C counts, too",
            ),
            Wrong(
                "found = jacfwd(question)(theta).abs() @ C.diagonal().sqrt()", ("code_2",), "deviations do not add up"
            ),
            Wrong(
                "g = jacfwd(question)(theta)\nfound = ((g @ torch.linalg.inv(C)) * g).sum(-1).sqrt()",
                ("code_2",),
                "no inverse",
            ),
        ],
        "code_3_answer": [
            Wrong(
                "x_star, Xi = (down / up).log(), 4 * (up * down).sqrt() * (torch.cosh(force / 2) - 1)",
                ("code_3",),
                "more jumps up, a positive force",
            ),
            Wrong(
                "x_star, Xi = (up / down).log() / 2, 4 * (up * down).sqrt() * (torch.cosh(force / 2) - 1)",
                ("code_3",),
                "not at -x*/2",
            ),
            Wrong(
                "x_star, Xi = up - down, 4 * (up * down).sqrt() * (torch.cosh(force / 2) - 1)",
                ("code_3",),
                "that is the velocity",
            ),
            Wrong(
                "x_star, Xi = (up / down).log(), 4 * (up * down).sqrt() * torch.cosh(force / 2)",
                ("code_3",),
                "Xi is zero where there is no force",
            ),
            Wrong(
                "x_star, Xi = (up / down).log(), 2 * (up * down).sqrt() * (torch.cosh(force / 2) - 1)",
                ("code_3",),
                "mind the 1/2 before Xi in H",
            ),
            Wrong(
                "x_star, Xi = (up / down).log(), 4 * (up * down).sqrt() * (torch.cosh(force) - 1)",
                ("code_3",),
                "twice as steep",
            ),
            Wrong(
                "half = force / 2\nx_star = (up / down).log()\n"
                "Xi = 2 * (up * (half.exp() - 1) + down * ((-half).exp() - 1))",
                ("code_3",),
                "H is not even about 0",
            ),
            Wrong(
                "x_star, Xi = (up / down).log(), (up + down) / 4 * force**2",
                ("code_3",),
                "that is a parabola",
            ),
        ],
        "experiment_1_answer": [
            Wrong(rate_constant("1.0"), ("experiment_1",), "in two cases of three only"),
            Wrong(rate_constant("stats.norm.ppf(0.95)"), ("experiment_1",), "not the normal distribution"),
            Wrong(rate_constant("stats.t.ppf(0.95, len(t))"), ("experiment_1",), "N - 2 degrees of freedom"),
            Wrong(rate_constant("stats.t.ppf(0.975, len(t) - 2)"), ("experiment_1",), "the interval of 95 %"),
            Wrong(rate_constant("stats.t.ppf(0.9, len(t) - 2)"), ("experiment_1",), "yours leaves out ten"),
            Wrong(
                rate_constant("stats.t.ppf(0.95, len(t) - 2) * np.sqrt(C[1, 1])"),
                ("experiment_1",),
                "their roots are deviations",
            ),
        ],
        "experiment_2_answer": [
            Wrong("can_refuse = dict.fromkeys(can_refuse, 'yes')", ("experiment_2",), "any falling curve solves"),
            Wrong("can_refuse = dict.fromkeys(can_refuse, 'no')", ("experiment_2",), "with a filled tissue: see the"),
            Wrong(
                "can_refuse = dict(zip(can_refuse, ['no', 'yes', 'yes', 'no', 'yes'], strict=True))",
                ("experiment_2",),
                "are still one curve",
            ),
            Wrong(
                "can_refuse = dict(zip(can_refuse, ['no', 'yes', 'no', 'yes', 'yes'], strict=True))",
                ("experiment_2",),
                "a curve known better",
            ),
            Wrong(
                "can_refuse = dict(zip(can_refuse, ['no', 'yes', 'no', 'no', 'no'], strict=True))",
                ("experiment_2",),
                "falls a second time",
            ),
        ],
    },
}
