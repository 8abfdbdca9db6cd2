"""Documents to print or file: receipts, quotes of a renewal, verification sheets (R31)."""

from billing.documents.quotes import quote_pdf
from billing.documents.receipts import receipt_pdf
from billing.documents.sheets import sheet_pdf, sheet_rows

__all__ = ["quote_pdf", "receipt_pdf", "sheet_pdf", "sheet_rows"]
