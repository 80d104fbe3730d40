"""Characters to trees: knows LaTeX, Markdown and notebooks, knows no mathematics."""
