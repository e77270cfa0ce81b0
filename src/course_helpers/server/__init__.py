"""A LangGraph server as plain data, through `langgraph-sdk`; and `langgraph dev` as a process.

api_errors           what an error of the API means, and what to do
assistant_versions   the versions of an assistant
assistants           assistants: which there are, and which version is current
checkpoints          the checkpoints of a thread
dev_server           `langgraph dev` as a child process, one for each kernel
memories             what the agent remembers of a user
messages             the messages of a conversation
probe                whether a server is ready, and what it reports about itself
runs                 the runs of a thread, with the server's own times
store                the store: its namespaces and items
thread_actions       what changes a thread: send, fork, approve, edit, copy, delete
thread_stream        the events of a thread or a run as they come
threads              a list of threads, and one with its conversation and checkpoints
"""
