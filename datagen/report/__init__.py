"""A dataset as one page of HTML: what is in it, and what is wrong with it.

``placements``, ``usage``, ``measure`` and ``findings`` are numbers; ``markup``, ``charts`` and
``tiles`` are what pages are made of; the others are the page's parts, put together by ``page``.
"""
