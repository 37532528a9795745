"""
What is kept between runs: where it lies, references, completions.
"""
