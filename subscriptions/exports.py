"""CSV files: what is written row by row, and what no spreadsheet takes for a formula."""


class Echo:
    """A file for ``csv.writer`` that hands each row back instead of keeping it."""

    def write(self, value: str) -> str:
        """The row."""
        return value


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
