/// The page's own files, from the folder Resources, which SwiftPM embeds in the program.
enum PageFiles {
  /// The page up to the clips' data: Mustache, where `{{…}}` is escaped.
  static let page = text(PackageResources.page_html)
  /// A row of the table of clips: Mustache.
  static let row = text(PackageResources.row_html)
  /// The page's style: light or dark by the reader's system, one column on narrow screens.
  static let style = text(PackageResources.style_css.dropLast())
  /// The page's only script. Its security policy allows the SHA-256 of this text, and no other script.
  static let script = """
    "use strict";
    (() => {
    const byId = (id) => document.getElementById(id);
    \(text(PackageResources.player_js))\
    \(text(PackageResources.view_js))\
    \(text(PackageResources.table_js))\
    })();

    """

  private static func text(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }
}
