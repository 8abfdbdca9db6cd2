"""How tests and the demo steer it: control API, its client, a process of one's own."""
