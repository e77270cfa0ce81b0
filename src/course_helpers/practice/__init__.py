"""What a lesson may break: stacks, containers and a database of their own, and the fault lab.

broken_stack      ways to break a practice stack, each undone by `mend`
builds            builds that must not touch the learner's images
cleanup           removes what practice has left, also when the kernel is gone
containers        containers that a lesson starts by hand
database          a Postgres of a lesson's own
diagnosis         from a broken stack to the fault's name
fault_catalogue   the twelve faults of lesson 09
faults            a fault that is chosen, made, guessed and mended
port_holder       a program that holds a port
relay             a TCP relay between client and server that can be cut
stack             a stack beside the learner's own
waiting           containers waited for until they are ready
"""
