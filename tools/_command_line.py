"""The command line of a tool, described by its docstring."""

import argparse


def parser_of(docstring: str | None) -> argparse.ArgumentParser:
    """A parser whose help is the docstring, as it is broken into lines but without its marks."""
    return argparse.ArgumentParser(
        description=(docstring or '').replace('`', ''),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
