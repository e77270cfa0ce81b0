"""The learner's folder: JupyterLab in it, the copies worked on, and the course as a bundle.

bundle           the whole course with packages and images, for computers without a network
course_files     which files are the course's
lab              `make lab`, which opens JupyterLab, and `make reset`, for a fresh copy
wheels           the course's packages as files
working_copies   the copies of the lessons in `work/`
"""
