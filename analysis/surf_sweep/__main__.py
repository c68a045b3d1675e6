"""The commands of the package, each a module's main()."""

import difflib
import importlib
import sys

COMMANDS = {
    "table": "the cells as text, CSV, Markdown or LaTeX, the paper's numbers beside them",
    "compare": "two methods in pairs of trials",
    "figures": "success, distances and errors; with --profiles over network evaluations",
    "atlas": "a map of where one method solves more than another",
    "timeline": "which rank computed what, when",
    "report": "one HTML page of it all",
    "baselines": "test images recovered without a generator, by Lasso in a basis",
    "merge": "several results files as one",
    "samples": "what a generator learnt",
    "trial": "one trial: target, measurement, what each method found and its way there",
    "landscape": "surfaces and the check of theorem 3.1",
    "seal": "seals files that were written to",
}


def main() -> int:
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help", "help"):
        print("usage: python -m surf_sweep COMMAND ... (from a checkout: python analysis COMMAND ...)\n")
        print("\n".join(f"  {command:10} {text}" for command, text in COMMANDS.items()))
        print("\nCOMMAND --help says more.")
        return 0
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(COMMANDS)}"
        print(f"surf_sweep: no command {name}; {hint}", file=sys.stderr)
        return 2
    sys.argv = [f"surf-analysis {name}", *arguments]
    return importlib.import_module(f"surf_sweep.{name}").main()


if __name__ == "__main__":
    sys.exit(main())
