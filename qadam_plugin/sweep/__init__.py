"""Runner, result store and exports of a sweep."""
