"""The site: settings, addresses, commands, monitoring, the demo; puts both apps together."""
