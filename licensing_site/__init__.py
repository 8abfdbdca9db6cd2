"""The site: settings, URLs, commands, monitoring, the demo; combines both apps."""
