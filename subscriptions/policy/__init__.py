"""The rules of the business, without Django, database, clock or processor.

Everything here takes plain values, the time among them, and answers with a plain value, with
``ALLOWED``, or with a ``Refusal`` that says why not. One module per subject: ``calendar`` (R18,
R19, R23), ``licenses`` (R5, R10, R11), ``buying`` (R10, R19, R20, R22), ``people`` (R1-R4).
"""
