"""python -m siyu"""

from siyu.cli import main

main()
