"""Functions of Aegra that are replaced and have no other home.

accepting     what Aegra refuses before a run is made, and a LangGraph server takes
connections   how it connects to Postgres
"""
