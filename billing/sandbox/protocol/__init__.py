"""The format of requests and responses: parameters, lists, expansion, errors."""
