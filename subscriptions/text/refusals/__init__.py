"""Why not: the sentence for each refusal."""
