"""Words: remote text made harmless, sentences, glyphs and styles."""
