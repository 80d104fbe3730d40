"""LaTeX to algebra and back: the grammar, the document reader, the printers."""
