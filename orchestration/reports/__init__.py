"""Reports people read: pictures and pages made from the published marts, self-contained.

They read marts and control results and compute nothing that a mart does not already say.
"""
