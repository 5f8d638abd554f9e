/// Who and what a frame speaks of.
struct Roles: Sendable {
  var a: Person.ID?
  var b: Person.ID?
  var c: Person.ID?
  var x: Thing.ID?
  var y: Thing.ID?
  var z: Thing.ID?
  var p: Place.ID?
  var q: Place.ID?
  var s: Spot?
  var t: Spot?
  var n: Int?
  var m: Int?
  var f: Feeling?
  var w: String?
  var v: String?

  static func bound<Value>(_ value: Value?, _ role: Frame.Role) -> Value {
    guard let value else { preconditionFailure("nothing plays the role \(role.rawValue)") }
    return value
  }

  func person(_ role: Frame.Role) -> Person.ID {
    Self.bound(role == .a ? a : role == .b ? b : c, role)
  }

  func group(_ role: Frame.Role) -> [Person.ID] {
    let pair = [person(.a), person(.b)]
    return role == .ab ? pair : pair + [person(.c)]
  }

  func thing(_ role: Frame.Role) -> Thing.ID {
    Self.bound(role == .x ? x : role == .y ? y : z, role)
  }

  func place(_ role: Frame.Role) -> Place.ID {
    Self.bound(role == .p ? p : q, role)
  }

  func spot(_ role: Frame.Role) -> Spot {
    Self.bound(role == .s ? s : t, role)
  }

  func number(_ role: Frame.Role) -> Int {
    Self.bound(role == .n ? n : m, role)
  }

  /// These roles, with those of `other` that are bound instead of them.
  func overridden(by other: Roles) -> Roles {
    Roles(
      a: other.a ?? a, b: other.b ?? b, c: other.c ?? c, x: other.x ?? x, y: other.y ?? y, z: other.z ?? z,
      p: other.p ?? p, q: other.q ?? q, s: other.s ?? s, t: other.t ?? t, n: other.n ?? n, m: other.m ?? m,
      f: other.f ?? f, w: other.w ?? w, v: other.v ?? v)
  }
}

extension Event {
  /// The roles that an event's people and things play in the frames that tell it.
  var roles: Roles {
    switch self {
    case .appear(let a, let p), .go(let a, let p):
      Roles(a: a, p: p)
    case .weather:
      Roles()
    case .own(let a, let x), .want(let a, let x), .make(let a, let x), .eat(let a, let x), .useUp(let a, let x),
      .damage(let a, let x),
      .repair(let a, let x):
      Roles(a: a, x: x)
    case .lie(let x, let s), .carryOff(let x, let s):
      Roles(x: x, p: s.place, s: s)
    case .contain(let x, let y):
      Roles(x: x, y: y)
    case .lose(let a, let x, let s), .find(let a, let x, let s), .pickUp(let a, let x, let s),
      .look(let a, let x, let s),
      .putDown(let a, let x, let s):
      Roles(a: a, x: x, p: s.place, s: s)
    case .put(let a, let x, let y), .takeOut(let a, let x, let y), .lookInside(let a, let x, let y):
      Roles(a: a, x: x, y: y)
    case .give(let a, let x, let b), .lend(let a, let x, let b), .giveBack(let a, let x, let b),
      .reveal(let a, let x, let b):
      Roles(a: a, b: b, x: x)
    case .trade(let a, let x, let b, let y):
      Roles(a: a, b: b, x: x, y: y)
    case .gather(let a, let x, let n), .eatSome(let a, let x, let n), .spill(let a, let x, let n):
      Roles(a: a, x: x, n: n)
    case .hand(let a, let x, let n, let b):
      Roles(a: a, b: b, x: x, n: n)
    case .speak(let a, let b):
      Roles(a: a, b: b)
    case .hide(let a, let s):
      Roles(a: a, p: s.place, s: s)
    case .discover(let a, let b, let s):
      Roles(a: a, b: b, p: s.place, s: s)
    case .win(let a, let others):
      Roles(a: a, b: others.first, c: others.count > 1 ? others[1] : nil)
    case .help(let a, let b), .promise(let a, let b), .keepPromise(let a, let b), .breakPromise(let a, let b),
      .apologise(let a, let b), .forgive(let a, let b), .befriend(let a, let b):
      Roles(a: a, b: b)
    case .feel(let a, let f, _):
      Roles(a: a, f: f)
    }
  }
}
