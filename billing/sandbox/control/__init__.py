"""How tests and the demo control it: the control API, its client, and a process to start."""
