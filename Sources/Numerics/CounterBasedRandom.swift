/// 32 random bits for number `index` of the stream `seed`: a hash (the finaliser of MurmurHash3, keyed twice) instead of a
/// state, so that loops draw in any order, many at once.
@inlinable @inline(__always)
public func randomBits(seed: UInt64, _ index: Int) -> UInt32 {
  let h = murmurFinalizer(UInt32(truncatingIfNeeded: index) ^ UInt32(truncatingIfNeeded: seed))
  return murmurFinalizer(h ^ UInt32(truncatingIfNeeded: seed >> 32) ^ UInt32(truncatingIfNeeded: index >> 32))
}

@inlinable @inline(__always)
public func murmurFinalizer(_ x: UInt32) -> UInt32 {
  var h = x
  h = (h ^ (h &>> 16)) &* 0x85eb_ca6b
  h = (h ^ (h &>> 13)) &* 0xc2b2_ae35
  return h ^ (h &>> 16)
}
