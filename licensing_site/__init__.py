"""The site: settings, URLs, commands, monitoring, and the demo. Combines both apps."""
