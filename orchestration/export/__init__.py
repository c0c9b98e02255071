"""The journal in the shapes that other systems import: NetSuite, QuickBooks, Beancount.

Belongs here: reading posted lines from the books and writing them down for one importer a module. Does not
belong: deciding what posts, or sending anything anywhere.
"""
