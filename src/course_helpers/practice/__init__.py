"""Stacks, containers and a database that a lesson may break, and the fault lab.

broken_stack      ways to break a practice stack, each undone by `mend`
builds            image builds typed in a lesson, printed as steps
cleanup           removes what a lesson has made in Docker, even when its kernel has ended
containers        containers started with `docker run`
database          a Postgres of a lesson's own
diagnosis         from a broken stack to the fault's name
fault_catalogue   the twelve faults of lesson 09
faults            a practice stack with a fault, to be diagnosed and mended
port_holder       a program that holds a port
relay             a TCP relay between client and server that can be cut
stack             a second stack beside the learner's own
waiting           waiting until a container is ready
"""
