/// The mark that editors of Windows put at the beginning of UTF-8 text. It is no part of it.
public enum ByteOrderMark {
  private static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// `text` without the mark.
  public static func skipped<Text: Collection<UInt8>>(in text: Text) -> Text.SubSequence {
    text.starts(with: bytes) ? text.dropFirst(bytes.count) : text[...]
  }
}
