"""How many examples hypothesis draws: a few in the plain suite, many in the slow one."""

from hypothesis import HealthCheck, settings

#: Quick in the plain suite, and many more among the slow tests.
FEW, MANY = (
    settings(max_examples=count, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    for count in (6, 150)
)
