"""``--report``: a run as one page of HTML, to be kept among the artifacts of a CI."""
