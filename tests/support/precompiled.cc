// Nothing: the object of a target whose precompiled header the tests share.
