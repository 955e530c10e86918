"""The chapters as static pages: their committed outputs, and every explorer as a film that a slider moves.

nbconvert and latex2mathml make the pages, and are imported in `prose` and `pages`.
"""
