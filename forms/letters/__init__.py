"""Official letters 公文: facts and template make a `Letter` (compose), then pages in millimetres (layout), then a PDF.

`isolate.render_isolated` is the door for the worker and the web; `layout` places in millimetres and `render`
writes the PDF.
"""
