"""The embedded default: a seeded company behind the vendors' own APIs and file drops.

``world`` writes the evidence and the truth of planted defects; ``server`` and its projections of the vendors'
protocols serve it. Shares no code with ``sources`` and imports nothing else of the package.
"""
