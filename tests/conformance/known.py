"""Known failures: a line is `SUITE CASE reason`. A case that is listed must fail, one that is not must pass."""
from pathlib import Path

FILE = Path(__file__).with_name("known_failures.txt")
HEAD = """# Known failures: SUITE CASE reason. A listed case must fail; pytest --update-known-failures writes this file anew.
"""


def load():
    """{suite: {case: reason}}"""
    suites = {}
    for line in FILE.read_text().splitlines() if FILE.exists() else []:
        if line.strip() and not line.startswith("#"):
            suite, case, reason = (line.split(None, 2) + [""])[:3]
            suites.setdefault(suite, {})[case] = reason
    return suites


def update(suite, failures):
    suites = load()
    suites[suite] = failures
    rows = [f"{s} {case} {' '.join(why.split())[:160]}\n" for s in sorted(suites) for case, why in sorted(suites[s].items())]
    FILE.write_text(HEAD + "".join(rows))


def settle(suite, failures, config):
    """Fails the test unless `failures` ({case: reason}) are exactly the ones listed for `suite`."""
    if config.getoption("--update-known-failures"):
        update(suite, failures)
        return
    listed = load().get(suite, {})
    new = [f"{case}: {' '.join(why.split())[:300]}" for case, why in sorted(failures.items()) if case not in listed]
    gone = sorted(set(listed) - set(failures))
    assert not new, f"{suite}: {len(new)} cases fail:\n" + "\n".join(new[:60])
    assert not gone, f"{suite}: listed as failing, but they pass; take them out of {FILE.name}:\n" + "\n".join(gone[:60])
