"""Messages to support: how long, how often, and asking for licenses to be removed (R27, R28)."""

# Characters of one message, with each end of a line as one.
LONGEST_MESSAGE = 4000
