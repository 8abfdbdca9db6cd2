"""The form of requests and answers: parameters, lists, expansion, errors."""
