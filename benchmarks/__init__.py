"""Benchmarks: services generated from the template beside their peers, on one machine, in one run.

.. code-block:: text

    __main__ → runner → servers (candidates, pinned to a core) ← measure (load/, on another core)
               cache: what candidates need, installed once      works, goals: what is asked
               figures → report (JSON, Markdown) and chart (SVG)
"""
