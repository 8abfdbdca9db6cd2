"""Control of the sandbox by tests and the demo: control API, client, and a process to start."""
