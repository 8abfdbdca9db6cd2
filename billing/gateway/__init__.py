"""The payment processor: the only package that imports ``stripe``."""
