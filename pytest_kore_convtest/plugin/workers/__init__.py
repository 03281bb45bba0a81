"""The processes of xdist, on this machine and on others."""
