"""Exact binomial bounds: the only statistics on which a certificate or an interval in the report rests."""

from math import exp, lgamma, log, log1p

BESIDE = (1 - 0.95) / 2  # how often the rate lies below an interval at most, and above


def tail_at_least(successes: int, trials: int, rate: float) -> float:
    """P(Binomial(trials, rate) >= successes): the p-value of "the true rate is at most `rate`"."""
    if successes <= 0:
        return 1.0
    if rate <= 0:
        return 0.0
    if rate >= 1:
        return 1.0
    logs = [lgamma(trials + 1) - lgamma(k + 1) - lgamma(trials - k + 1) + k * log(rate) + (trials - k) * log1p(-rate)
            for k in range(successes, trials + 1)]
    return min(1.0, sum(exp(x) for x in logs))


def lower(successes: int, trials: int, alpha: float) -> float:
    """Clopper-Pearson lower bound of a rate, missed with probability at most `alpha`; 0 where nothing was tried."""
    if successes == 0:
        return 0.0
    low, high = 0.0, successes / trials
    while high - low > 1e-10:  # the tail grows with the rate
        middle = (low + high) / 2
        low, high = (middle, high) if tail_at_least(successes, trials, middle) < alpha else (low, middle)
    return low


def upper(successes: int, trials: int, alpha: float) -> float:
    """Clopper-Pearson upper bound of a rate; 1 where nothing was tried."""
    return 1.0 - lower(trials - successes, trials, alpha)


def interval(successes: int, trials: int) -> tuple[float, float]:
    """Two-sided 95 % Clopper-Pearson interval of a rate (Clopper and Pearson 1934)."""
    return lower(successes, trials, BESIDE), upper(successes, trials, BESIDE)
