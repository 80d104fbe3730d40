"""Verdicts to people and machines: terminal, Markdown, HTML, JSON, SARIF and annotated copies."""
